"""Photographs: intake, decoding in a child process, facts, sealed originals, public copies, likeness, redaction.

The only package that imports Pillow, pillow-heif, ExifRead or aioboto3. A photograph fails closed: whatever is not
understood completely is refused with a reason, and nothing but copies re-encoded from pixels ever becomes public.
"""
