from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0003_many_agents")]

    operations = [
        migrations.AddField(
            model_name="step",
            name="unsaid",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
