"""Why a photograph is not taken: one type per reason, each naming the limit it stands for."""

from domain.kernel.errors import REFUSALS, Refusal, Text
from media.answers import Refused
from media.limits import MIB, PHOTO_BYTES_MAX, PHOTO_PIXELS_MAX, PHOTO_SCANS_MAX, PHOTOS_PER_REPORT_MAX

MAX_MIB = PHOTO_BYTES_MAX // MIB
MAX_MEGAPIXELS = PHOTO_PIXELS_MAX // 1_000_000
TAKE_ANOTHER = Text(
    "请用手机重新拍摄，或在相册中重新保存为 JPEG 后上传。",
    "Take the picture again, or save it anew as JPEG and upload that.",
)


class PhotoTooLarge(Refusal):
    """More bytes than `PHOTO_BYTES_MAX`."""

    code = "photo-too-large"
    status = 413
    title = Text(f"照片超过 {MAX_MIB} MiB", f"The photograph is larger than {MAX_MIB} MiB")
    advice = Text("请选择“压缩”后上传，或降低相机分辨率。", "Choose the compressed size, or a lower camera resolution.")


class PhotoEmpty(Refusal):
    """No bytes at all, or no file in the form."""

    code = "photo-empty"
    status = 422
    title = Text("没有收到照片内容", "The photograph is empty")
    advice = Text("请重新选择照片；文件应放在表单字段 file 中。", "Choose the picture again; the form field is `file`.")


class PhotoTypeUnsupported(Refusal):
    """Neither JPEG, PNG, WebP nor HEIC, whatever its name says."""

    code = "photo-type-unsupported"
    status = 415
    title = Text("仅支持 JPEG、PNG、WebP、HEIC 照片", "Only JPEG, PNG, WebP and HEIC photographs are taken")
    advice = TAKE_ANOTHER


class VideoNotSupported(Refusal):
    """A video file."""

    code = "video-not-supported"
    status = 415
    title = Text("暂不支持视频", "Videos are not taken")
    advice = Text("请上传照片（可从视频中截图）。", "Send a photograph instead; a still of the video will do.")


class PhotoTooManyPixels(Refusal):
    """More pixels than `PHOTO_PIXELS_MAX`."""

    code = "photo-too-many-pixels"
    status = 422
    title = Text(f"照片超过 {MAX_MEGAPIXELS} 百万像素", f"The photograph has more than {MAX_MEGAPIXELS} megapixels")
    advice = Text("请降低相机分辨率或缩小后上传。", "Use a lower camera resolution or make the picture smaller.")


class PhotoAnimated(Refusal):
    """More frames than `PHOTO_FRAMES_MAX`."""

    code = "photo-animated"
    status = 422
    title = Text("仅支持静态照片（1 帧）", "Only still photographs are taken (1 frame)")
    advice = TAKE_ANOTHER


class PhotoTruncated(Refusal):
    """The file ends before its own structure says so."""

    code = "photo-truncated"
    status = 422
    title = Text("照片不完整", "The photograph is cut off")
    advice = Text("可能上传中断，请重新上传。", "The upload probably broke off; send it again.")


class PhotoUnreadable(Refusal):
    """Damaged, or contradicting its own format."""

    code = "photo-unreadable"
    status = 422
    title = Text("照片已损坏，无法读取", "The photograph is damaged and cannot be read")
    advice = TAKE_ANOTHER


class PhotoForeignContent(Refusal):
    """The file is something else as well, or carries bytes that are no part of the picture."""

    code = "photo-foreign-content"
    status = 422
    title = Text("照片文件中含有其他内容", "The file holds something besides the picture")
    advice = TAKE_ANOTHER


class PhotoTooComplex(Refusal):
    """More scans or parts than any camera writes."""

    code = "photo-too-complex"
    status = 422
    title = Text(
        f"照片结构过于复杂（扫描超过 {PHOTO_SCANS_MAX} 次或分段过多）",
        f"The file has more than {PHOTO_SCANS_MAX} scans, or too many parts",
    )
    advice = TAKE_ANOTHER


class PhotoTooCostly(Refusal):
    """Decoding exceeded the limits of processor time, memory or wall time."""

    code = "photo-too-costly"
    status = 422
    title = Text("照片解码超出处理限额", "Decoding the photograph exceeds the processing limits")
    advice = TAKE_ANOTHER


class PhotoDecodingStopped(Refusal):
    """The decoding process went away in the middle."""

    code = "photo-decoding-stopped"
    status = 422
    title = Text("照片处理被中断", "Decoding the photograph was interrupted")
    advice = Text("请重新上传。", "Send the picture again.")


class TooManyPhotos(Refusal):
    """More than `PHOTOS_PER_REPORT_MAX`, or the same one twice."""

    code = "too-many-photos"
    status = 422
    title = Text(
        f"每次最多 {PHOTOS_PER_REPORT_MAX} 张不同的照片", f"At most {PHOTOS_PER_REPORT_MAX} different photographs"
    )
    advice = Text("请减少照片数量。", "Send fewer photographs.")


class PhotoMissing(Refusal):
    """No such photograph of this sender: unknown, somebody else's, expired, deleted or used already."""

    code = "photo-missing"
    status = 422
    title = Text("找不到所引用的照片", "A photograph named here does not exist")
    advice = Text(
        "请重新上传该照片；未提交的照片保留 24 小时。", "Upload it again; unclaimed photographs are kept 24 hours."
    )


class PhotoRejected(Refusal):
    """The photograph was refused when it was uploaded."""

    code = "photo-rejected"
    status = 409
    title = Text("照片未通过检查", "The photograph was refused when it was uploaded")
    advice = TAKE_ANOTHER


class UploadQuotaReached(Refusal):
    """The sender's daily number or bytes of unclaimed and claimed uploads is used up."""

    code = "upload-quota-reached"
    status = 429
    title = Text("今日上传数量已达上限", "Today's upload quota is used up")
    advice = Text("请明天再试，或先提交已上传的照片。", "Try again tomorrow.")


class UploadNotThere(Refusal):
    """A presigned upload is confirmed although nothing arrived in the store."""

    code = "upload-not-there"
    status = 409
    title = Text("尚未收到上传的文件", "Nothing has been uploaded yet")
    advice = Text("请先把文件发送到所给地址，再确认。", "Send the file to the given address first, then confirm.")


def refusal_of(refused: Refused) -> Refusal:
    """The refusal for a decoding child's answer; an unknown code is unreadable."""
    kind = REFUSALS.get(refused.code, PhotoUnreadable)
    facts: dict[str, object] = {} if refused.limit is None else {"limit": refused.limit, "found": refused.found}
    return kind(field="file", facts=facts)
