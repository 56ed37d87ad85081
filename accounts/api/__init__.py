"""REST resources of accounts, and the base every workspace resource stands on."""
