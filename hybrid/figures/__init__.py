"""Pictures, and the benchmark's HTML page.

Imports matplotlib, and the rooms whose data it draws; `style` holds the one style of all pictures. Offers a function per
picture that writes PNG or SVG, and the HTML page.
"""
