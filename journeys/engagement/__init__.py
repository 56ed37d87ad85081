"""Rules about engagements; they know neither Django nor the database."""
