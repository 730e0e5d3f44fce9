"""What the database itself holds of bookings: only seats that there are."""

from django.db import migrations

SQL = """
CREATE FUNCTION booking_seats_are_there() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  most int;
BEGIN
  SELECT r.capacity INTO most FROM booking_resource r WHERE r.id = NEW.resource_id FOR SHARE;
  IF isempty(NEW.seats) OR NOT NEW.seats <@ int4multirange(int4range(0, most)) THEN
    RAISE EXCEPTION 'there is no such seat' USING ERRCODE = '23514', CONSTRAINT = 'booking_seats_are_there';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER booking_seats_are_there BEFORE INSERT OR UPDATE OF seats, resource_id ON booking_booking
  FOR EACH ROW EXECUTE FUNCTION booking_seats_are_there();
"""
REVERSE = "DROP FUNCTION booking_seats_are_there() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("booking", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
