"""What is true about the district: its residents, reports, cases, disclosures and enterprises.

Nothing in here imports a web framework or a queue. Rules are pure functions; what must be stored is
written inside the caller's transaction. Direction: cases | disclosure | enterprises -> reports ->
residents | operators -> kernel.
"""
