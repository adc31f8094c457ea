from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_together")]

    operations = [
        migrations.AddField(
            model_name="wish",
            name="approves_plans",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="breaker",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
