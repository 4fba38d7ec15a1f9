"""What one resident sent and how it becomes public: submission, the sealed reporter, the timeline, the public map.

A report never changes; what happens to it is appended. Who sent it lives apart, encrypted, and opens only through
`reporters` (for the product's own messages) or a reveal by two operators. Cases are another room and know reports.
"""
