"""The track record: published experiments predicted from published numbers of their machines, beside what was measured."""
