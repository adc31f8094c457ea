import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

# A step waits for people while it is held and waiting, however it comes to be so and whoever ends it.
WAIT = """
    CREATE FUNCTION agents_step_waits() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'DELETE' AND NEW.held AND NEW.status = 'waiting' THEN
            INSERT INTO agents_wait (task_id, step, since) VALUES (NEW.task_id, NEW.id, clock_timestamp())
                ON CONFLICT DO NOTHING;
        ELSE
            UPDATE agents_wait SET until = clock_timestamp() WHERE step = OLD.id AND until IS NULL;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER agents_step_begins_to_wait AFTER INSERT ON agents_step FOR EACH ROW
        WHEN (NEW.held AND NEW.status = 'waiting') EXECUTE FUNCTION agents_step_waits();
    CREATE TRIGGER agents_step_waits AFTER UPDATE OF held, status ON agents_step FOR EACH ROW
        WHEN ((OLD.held AND OLD.status = 'waiting') IS DISTINCT FROM (NEW.held AND NEW.status = 'waiting'))
        EXECUTE FUNCTION agents_step_waits();
    CREATE TRIGGER agents_step_waits_no_more AFTER DELETE ON agents_step FOR EACH ROW
        WHEN (OLD.held AND OLD.status = 'waiting') EXECUTE FUNCTION agents_step_waits();
    INSERT INTO agents_wait (task_id, step, since)
        SELECT task_id, id, created_at FROM agents_step WHERE held AND status = 'waiting';
"""
FORGET = """
    DROP TRIGGER agents_step_waits_no_more ON agents_step;
    DROP TRIGGER agents_step_waits ON agents_step;
    DROP TRIGGER agents_step_begins_to_wait ON agents_step;
    DROP FUNCTION agents_step_waits();
"""

# Rooms that had the bound of old: a team counted for one turn then, however many worked in it.
MORE_TURNS = "UPDATE agents_conduct SET max_turns = 30 WHERE max_turns = 12"
FEWER_TURNS = "UPDATE agents_conduct SET max_turns = 12 WHERE max_turns = 30"


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0005_money'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wait',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.UUIDField()),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(null=True)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waits', to='agents.task')),
            ],
            options={
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('until', None)), fields=('step',), name='wait_open_once'),
                    models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', F('since')), _connector='OR'), name='wait_ends_after_it_began'),
                ],
            },
        ),
        migrations.RunSQL(WAIT, FORGET),
        migrations.AddField(
            model_name='tape',
            name='passed',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='conduct',
            name='max_turns',
            field=models.PositiveSmallIntegerField(default=30),
        ),
        migrations.RunSQL(MORE_TURNS, FEWER_TURNS),
    ]
