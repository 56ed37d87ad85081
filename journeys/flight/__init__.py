"""The rules of a customer's flight through the stages. Pure: no Django, no clock, no database."""
