"""Where customers are on their journey: stages and moves."""
