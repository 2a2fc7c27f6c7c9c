"""What each signal means and what people do then, in Vietnamese and English.

Residents and venues are told in these words: on the poster, in the READMEs and in the reference. A
signal or a fault without its words fails the generation, so none can be added silently.
"""

from kiosk.door.signal import Failure, Fault, OnboardingSignal, Signal

SIGNALS: dict[Signal, tuple[str, str]] = {
    Signal.ACCEPTED: ("Đã ghi nhận, mời vào", "Recorded, please pass"),
    Signal.ALREADY_RECORDED: ("Đã ghi nhận rồi", "Already recorded"),
    Signal.REJECTED: ("Thẻ không được chấp nhận", "Card not accepted"),
    Signal.NOT_A_CARD: ("Mã này không phải thẻ cá nhân", "This code is no personal card"),
    Signal.DECLARE: ("Hãy khai báo y tế trước", "Make your health declaration first"),
    Signal.FULL: ("Đã đủ người, xin chờ", "Full, please wait"),
    Signal.ONE_AT_A_TIME: ("Mỗi lần một thẻ", "One card at a time"),
    Signal.HOLD_STILL: ("Giữ thẻ yên", "Hold the card still"),
    Signal.STARTING: ("Đang khởi động", "Starting"),
    Signal.READY: ("Sẵn sàng", "Ready"),
    Signal.OUT_OF_ORDER: ("Máy hỏng", "Out of order"),
    Signal.IDENTIFY: ("Kỹ thuật viên đang tìm máy này", "A technician looks for this kiosk"),
}

FAULTS: dict[Fault, tuple[str, str]] = {
    Fault.CAMERA: ("Máy hỏng: camera", "Out of order: camera"),
    Fault.DISK: ("Máy hỏng: bộ nhớ", "Out of order: disk"),
}

ACTIONS: dict[Signal, tuple[str, str]] = {
    Signal.ACCEPTED: ("đi vào", "pass"),
    Signal.ALREADY_RECORDED: ("đi vào, không cần quét lại", "pass; no need to show it again"),
    Signal.REJECTED: ("dùng thẻ khác; hỏi nhân viên", "use another card; ask the staff"),
    Signal.NOT_A_CARD: ("đưa đúng mã trên thẻ", "show the code on your card"),
    Signal.DECLARE: ("khai báo y tế rồi quay lại", "declare your health, then come back"),
    Signal.FULL: ("chờ một người ra, rồi đưa thẻ lại", "wait until somebody leaves, show it again"),
    Signal.ONE_AT_A_TIME: ("cất bớt, chỉ để một thẻ", "put the others away"),
    Signal.HOLD_STILL: (
        "giữ yên, lau thẻ, đưa gần hoặc xa hơn một chút",
        "hold still, wipe the card, a little nearer or farther",
    ),
    Signal.STARTING: ("chờ một lát", "wait a moment"),
    Signal.READY: ("đưa thẻ", "show your card"),
    Signal.OUT_OF_ORDER: ("báo nhân viên", "tell the staff"),
    Signal.IDENTIFY: ("cứ đưa thẻ như thường", "show your card as always"),
}
"""What somebody at the door does about a signal."""

ONBOARDING: dict[OnboardingSignal, tuple[str, str]] = {
    OnboardingSignal.SHOW_CODE: ("Chờ mã cài đặt", "Waiting for an onboarding code"),
    OnboardingSignal.CODE_TAKEN: ("Đã nhận mã", "The code is taken"),
    OnboardingSignal.JOINING: ("Đang kết nối mạng", "Joining the network"),
    OnboardingSignal.AWAITING_TIME: ("Đang chờ giờ đúng", "Waiting for the time"),
    OnboardingSignal.ENROLLING: ("Đang lấy chứng chỉ", "Getting the certificate"),
    OnboardingSignal.FINISHING: ("Đang ghi cài đặt", "Writing the settings"),
    OnboardingSignal.ONBOARDED: ("Cài đặt xong", "Onboarded"),
    OnboardingSignal.JOINED: ("Đã vào mạng", "The network is joined"),
    OnboardingSignal.NOT_ONBOARDED: ("Máy chưa được cài đặt", "Out of order: not onboarded yet"),
    OnboardingSignal.FAILED: ("Cài đặt lỗi", "Onboarding failed"),
}
"""Told to technicians only: none of it is on a poster."""

FAILURES: dict[Failure, tuple[str, str]] = {
    Failure.NETWORK: ("Không vào được mạng Wi-Fi", "The Wi-Fi network is not joined"),
    Failure.SERVER: ("Không tới được máy chủ", "The enrolment server is not reached"),
    Failure.CLAIM: ("Mã đã dùng, hết hạn hoặc của máy khác", "The claim is refused"),
    Failure.OLD: ("Mã quá cũ", "The code is too old"),
    Failure.UNREADABLE: ("Mã hỏng", "The code is damaged or of a later form"),
    Failure.OTHER_ISSUER: ("Mã do nơi khác ký", "Signed by nobody whom this kiosk trusts"),
    Failure.NOT_GENUINE: ("Mã đã bị sửa", "The code was altered"),
    Failure.OTHER_KIOSK: ("Mật khẩu dành cho máy khác", "Its password is sealed to another kiosk"),
}
