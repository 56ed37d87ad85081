"""How well customers do: events, measures, scorecards, scores, snapshots and churn risk."""
