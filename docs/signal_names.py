"""What each signal means, in Vietnamese and English, as residents and venues are told.

A signal or a fault without a name here fails the generation, so none can be added silently.
"""

from kiosk.door.signal import Fault, Signal

SIGNALS: dict[Signal, tuple[str, str]] = {
    Signal.ACCEPTED: ("Đã ghi nhận, mời vào", "Recorded, please pass"),
    Signal.ALREADY_RECORDED: ("Đã ghi nhận rồi", "Already recorded"),
    Signal.REJECTED: ("Thẻ không được chấp nhận", "Card not accepted"),
    Signal.NOT_A_CARD: ("Mã này không phải thẻ cá nhân", "This code is no personal card"),
    Signal.ONE_AT_A_TIME: ("Mỗi lần một thẻ", "One card at a time"),
    Signal.HOLD_STILL: ("Giữ thẻ yên", "Hold the card still"),
    Signal.STARTING: ("Đang khởi động", "Starting"),
    Signal.READY: ("Sẵn sàng", "Ready"),
    Signal.OUT_OF_ORDER: ("Máy hỏng", "Out of order"),
}

FAULTS: dict[Fault, tuple[str, str]] = {
    Fault.CAMERA: ("Máy hỏng: camera", "Out of order: camera"),
    Fault.DISK: ("Máy hỏng: bộ nhớ", "Out of order: disk"),
}
