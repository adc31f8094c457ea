import django.db.models.deletion
from django.db import migrations, models

# Until now what spoke again named the run it spoke of as the one it stands beside.
SPOKEN_AGAIN = """
    UPDATE agents_task t SET made_from_id = t.alternative_of_id
     WHERE EXISTS (SELECT 1 FROM agents_step s WHERE s.task_id = t.id AND s.input ? 'decisions')
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0006_pictures")]

    operations = [
        migrations.AddField(
            model_name="task",
            name="made_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="agents.task",
            ),
        ),
        migrations.RunSQL(SPOKEN_AGAIN, migrations.RunSQL.noop),
    ]
