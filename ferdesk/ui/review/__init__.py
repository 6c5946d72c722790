"""Looking back at a session: transport, ribbon, marks and corrections."""
