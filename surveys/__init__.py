"""What they say: surveys, ballots, tally, publication, and the customer's voice (NPS, CSAT, CES)."""
