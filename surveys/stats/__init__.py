"""The statistics of surveys: pure functions of arrays, without Django, each with its formula and source.

`tally.tally` counts a "top 3" survey whole: shares with intervals, every counting method, rank sets that tell ties as
ties, clear gaps and the case of the title sentence. Beside it: `segments` (a group against all others), `waves` (one
wave against the one before), `position` (did the order on screen matter?), `sensitivity` (did the way of counting?)
and `scores` (NPS, CSAT, CES).

What the intervals mean: people who answer an open survey choose themselves, so there is no margin of error for a
population. An interval here says how far a figure would move among similar volunteers, answering in the same way:
a "95 % resampling interval among similar volunteers".

Nothing here hides small groups: who may see what is decided by the publication, before and after counting.
"""
