"""`triptych import MAPPING DIRECTORY`: a mapping file turns CSV files into events, the same ones every time."""
