"""What a draft of a scorecard would say of today's customers and of last year's churn. Pure: no Django, no clock."""
