"""The catalogue: names of members, their options, and members loaded, built in or from outside.

Members: algorithms, ansaetze, circuits, optimisers and problems, one small file each. Imports `base` alone. Offers `names`,
`offers` of other packages, `parse`, `locate` and `load` to every room above, and readers of circuit files.
"""

from hybrid.catalog.chain import chain, chain_text
from hybrid.catalog.families import FAMILIES, PACKAGE, family_of, folder, names
from hybrid.catalog.lookup import Member, fingerprint, load, locate, offer_text, parse
from hybrid.catalog.packages import Offering, knows, offer_of, offered, offers
from hybrid.catalog.signatures import Option, Signature, signature
