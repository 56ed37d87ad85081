"""Files in, row by row: good rows are kept, bad ones come back with the reason.

``kinds`` says what can be imported, ``readers`` opens files, ``mapping`` matches their columns with ours,
``survey`` looks a file over once, ``engine`` carries a run through, ``rejects`` gives refused rows back.
"""
