package ofctrl

import (
	"log/slog"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// FuzzHandle hands any bytes to both connections as a message of the switch.
func FuzzHandle(f *testing.F) {
	f.Add(frame(ofp.TypeError, 1, 0, 1, 0, 2))
	f.Add(frame(ofp.TypePortStatus, 1, make([]byte, 48)...))
	f.Add(multipart(ofp.MultipartFlowMonitor, 1, 0, 40, 0, 1, 3, 0, 0, 0))
	f.Add(multipart(ofp.MultipartFlowDesc, 1, 0, 48, 0, 0, 3, 0, 0, 9))
	f.Add(multipart(ofp.MultipartGroupDesc, 1, 0, 16, 0, 0, 0, 0, 0, 9))
	f.Add(tlvReply(1))
	f.Add(frame(ofp.TypeExperimenter, 1, 0, 0, 0x23, 0x20, 0, 0, 0, byte(ofp.NXPacketIn2), 0, 0, 0, 8, 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, msg []byte) {
		c := New(Config{Log: slog.New(slog.DiscardHandler), PortStatus: func(ofp.PortStatus) {}})
		cn := &conn{urgent: make(chan []byte, 1)}
		s := &session{conn: cn, c: c, have: newSwitchState()}
		_ = s.handle(msg)
		s.sink = s.onMultipart
		_ = s.handle(msg)
		_ = c.pkt.handle(cn, msg)
	})
}
