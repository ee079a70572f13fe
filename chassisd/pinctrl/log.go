package pinctrl

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// Log is the duty to write what ACLs log. write must not block; it returns false
// where the message is lost, and lost tells how many were.
func Log(write func(message string) bool, lost func() uint64) duty.Duty {
	return duty.Duty{
		Name: "acl_log",
		Packets: map[lower.Opcode]duty.Handler{
			lower.OpLog: func(p *duty.Packet, _ *duty.Out) error { return logACL(p, write) },
		},
		Figures: []duty.Figure{{
			Name: "lost_total", Help: "messages of ACLs that were not written to their log", Counter: true,
			Value: func() float64 { return float64(lost()) },
		}},
	}
}

var errLogFull = errors.New("pinctrl: the log of ACLs does not keep up")

// unnamed is the name of an ACL that has none.
const unnamed = "<unnamed>"

// logACL tells what became of a packet, in the words of OVN's controller,
// which programs read:
//
//	name="…", verdict=…, severity=…, direction=…: <flow>
func logACL(p *duty.Packet, write func(message string) bool) error {
	v, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
	if err != nil {
		return err
	}
	a := v.(lower.Log)
	if a.Name == "" {
		a.Name = unnamed
	}
	direction := "from-lport"
	if p.Table >= lower.TableLogEgress {
		direction = "to-lport"
	}
	if !write("name=" + quote(a.Name) + ", verdict=" + a.Verdict.String() + ", severity=" + a.Severity.String() +
		", direction=" + direction + ": " + packet.Flow(p.Packet)) {
		return errLogFull
	}
	return nil
}

// quote returns s as a JSON string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
