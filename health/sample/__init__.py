"""Sample data: an invented company that an empty workspace may be filled with, and that goes again as a whole.

``loading`` brings it in, ``removing`` takes it out, ``standing`` says how far either is. While it is there no file is
imported, so that what is invented and what is true never stand side by side in a score, a model or a list.
"""
