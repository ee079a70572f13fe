package pinctrl

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

var errLogFull = errors.New("pinctrl: the log of ACLs does not keep up")

// unnamed is the name of an ACL that has none.
const unnamed = "<unnamed>"

// logACL tells what became of a packet, in the words of OVN's controller,
// which programs read:
//
//	name="…", verdict=…, severity=…, direction=…: <flow>
func (d *Dispatcher) logACL(p *ofp.PacketIn, args []byte) (answer, error) {
	v, err := lower.Userdata{Op: lower.OpLog, Args: args}.Decode()
	if err != nil {
		return answer{}, err
	}
	a := v.(lower.Log)
	if a.Name == "" {
		a.Name = unnamed
	}
	direction := "from-lport"
	if p.Table >= lower.TableLogEgress {
		direction = "to-lport"
	}
	message := "name=" + quote(a.Name) + ", verdict=" + a.Verdict.String() + ", severity=" + a.Severity.String() +
		", direction=" + direction + ": " + packet.Flow(p.Packet)
	if d.cfg.ACL != nil && !d.cfg.ACL(message) {
		return answer{}, errLogFull
	}
	return answer{}, nil
}

// quote returns s as a JSON string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
