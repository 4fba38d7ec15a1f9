"""Every limit of a photograph, with its unit. The OpenAPI text and the refusals quote these numbers."""

MIB = 1024 * 1024

PHOTO_BYTES_MAX = 12 * MIB
PHOTO_PIXELS_MAX = 60_000_000  # width times height as stored, read from the header before anything is decoded
PHOTO_FRAMES_MAX = 1  # pictures shown one after another; a phone's depth map or gain map does not count
PHOTO_SCANS_MAX = 64  # passes of a progressive JPEG; cameras use about 10
PHOTO_PARTS_MAX = 20_000  # segments, chunks or boxes of one file
PHOTOS_PER_REPORT_MAX = 9

LARGE_SIDE_PX = 1600  # longer side of the public copy
SMALL_SIDE_PX = 320  # longer side of the thumbnail
COPY_SIDES_PX = (LARGE_SIDE_PX, SMALL_SIDE_PX)
LARGE_QUALITY = 82
SMALL_QUALITY = 78

DECODE_CPU_S = 20  # processor time of one decoding process
DECODE_WALL_S = 40  # the process is killed after this
DECODE_ADDRESS_SPACE_BYTES = 1536 * MIB
DECODE_ANSWER_BYTES_MAX = 8 * MIB  # both copies and the facts
SECOND_READER_S = 1.0  # processor time of the second EXIF reader
EXIF_BYTES_MAX = 256 * 1024
FACT_CHARS_MAX = 80  # make, model, software

assert DECODE_CPU_S < DECODE_WALL_S  # the reason given is then "too costly", not "took too long"

UPLOADS_PER_DAY = 200  # of one resident and district day, used, unused or refused
UPLOAD_BYTES_PER_DAY = 1024 * MIB
