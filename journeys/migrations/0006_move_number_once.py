from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("journeys", "0005_journey_rows")]

    operations = [
        migrations.AddConstraint(
            model_name="move",
            constraint=models.UniqueConstraint(fields=("customer", "number"), name="move_number_once"),
        ),
    ]
