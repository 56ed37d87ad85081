"""The filter language of customers."""
