"""The track record: published experiments predicted from published numbers of their machines, beside what was measured."""

from hybrid.rehearsal.track_record.record import TrackRecord, stored_track_record, track_record
