"""What made a playbook send a survey, and whether it asks only the person that happened to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("surveys", "0009_confirmed_answers")]
    operations = [
        migrations.AddField("dispatch", "occasion", models.CharField(blank=True, default="", max_length=100)),
        migrations.AddField("dispatch", "is_personal", models.BooleanField(default=False)),
    ]
