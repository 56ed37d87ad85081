"""REST resources of health: measures and scorecards, and each customer's score, history and usage."""
