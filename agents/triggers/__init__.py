"""Which agents answer what, and when: from an event or the clock to the seats that speak."""
