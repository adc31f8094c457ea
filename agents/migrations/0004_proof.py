from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_routes")]

    operations = [
        migrations.AddField(
            model_name="step",
            name="unsaid",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
