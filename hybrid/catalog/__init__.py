"""The catalogue: names of members, their options, and members loaded, built in or from outside.

Members: algorithms, ansaetze, circuits, optimisers and problems, one small file each. Imports `base` alone. Offers `names`,
`parse`, `locate` and `load` to every room above, and readers of circuit files.
"""

from hybrid.catalog.chain import chain, chain_text
from hybrid.catalog.lookup import FAMILIES, PACKAGE, Member, family_of, fingerprint, folder, load, locate, names, parse
from hybrid.catalog.signatures import Option, Signature, signature
