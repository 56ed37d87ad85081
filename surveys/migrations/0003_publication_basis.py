from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("surveys", "0002_row_security")]

    operations = [
        migrations.AddField(
            model_name="publication",
            name="basis",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
