"""What a person agreed to, who speaks for her, and the glass that is broken in an emergency.

`texts` what is asked for, `services` giving and withdrawing, `guardians` who acts for a person,
`emergencies` access for a few hours with a reason, `papers` what was signed by hand.
"""
