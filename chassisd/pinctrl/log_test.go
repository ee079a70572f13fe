package pinctrl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// TestLogAsStock: messages are those of stock ovn-controller.
func TestLogAsStock(t *testing.T) {
	n := 0
	for _, s := range packettest.Stock(t) {
		if s.Log == "" {
			continue
		}
		action := `log(severity=info, verdict=reject);`
		switch s.Sent[12] {
		case 0x08:
			action = `log(name="sec x", severity=warning, verdict=reject);`
			if s.Sent[13] == 6 {
				action = `log(name="arps", severity=alert, verdict=drop);`
			}
		case 0x88:
			action = `log(name="arps", severity=alert, verdict=drop);`
		}
		w := newWire()
		w.Handle(&ofp.PacketIn{Packet: s.Sent, Userdata: lowered(t, action)})
		if diff := cmp.Diff([]string{s.Message()}, w.told); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
		n++
	}
	if n < 30 {
		t.Errorf("only %d packets", n)
	}
}

func TestLog(t *testing.T) {
	w := newWire()
	in := &ofp.PacketIn{Packet: []byte{1}, Table: lower.TableLogEgress, Userdata: lowered(t, `log(name="a\"b\\<c>", verdict=pass, severity=debug);`)}
	w.Handle(in)
	want := `name="a\"b\\<c>", verdict=pass, severity=debug, direction=to-lport: ` +
		`vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x0000`
	if diff := cmp.Diff([]string{want}, w.told); diff != "" {
		t.Error(diff)
	}
	w.deaf = true
	w.Handle(in)
	in.Userdata = in.Userdata[:9]
	w.Handle(in)
	if diff := cmp.Diff(duty.Stats{Handled: 1, Bad: 2}, w.Stats()["log"]); diff != "" {
		t.Error(diff)
	}
}
