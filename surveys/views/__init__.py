"""Pages: for hosts behind sign-in, for respondents and readers without."""
