package patch

import (
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// Mark is the key in a port's external_ids that makes it ours; it holds the name of
// the localnet port.
const Mark = "ovn-localnet-port"

// Bridge is a bridge of the switch.
type Bridge struct{ UUID, Name string }

// Want is a localnet port and the bridge that it leads to.
type Want struct {
	Port   string
	Bridge Bridge
}

// Port is a port that some bridge has, one with our mark or with a name that we
// want.
type Port struct {
	UUID, Bridge, Name string // Bridge is the UUID of its bridge
	Type, Peer         string // of its interface
	Mark               string
}

// end is one end of a pair.
type end struct {
	bridge, name, peer, mark string
}

// ends are the two of a localnet port.
func (w Want) ends(integration Bridge) [2]end {
	near := "patch-" + integration.Name + "-to-" + w.Port
	far := "patch-" + w.Port + "-to-" + integration.Name
	return [2]end{{integration.UUID, near, far, w.Port}, {w.Bridge.UUID, far, near, w.Port}}
}

func (e end) is(p Port) bool {
	return p.Bridge == e.bridge && p.Type == "patch" && p.Peer == e.peer && p.Mark == e.mark
}

// ours tells whether a port is one that we made.
func ours(integration Bridge, p Port) bool {
	return p.Mark != "" && (p.Bridge == integration.UUID || strings.HasSuffix(p.Name, "-to-"+integration.Name))
}

// Plan adds to txn what makes the pairs those wanted, and says of which there can be
// none. have are all ports with our mark, and all others that are called as one of
// the wanted.
func Plan(txn *vswitch.Txn, integration Bridge, want []Want, have []Port) (problems []string) {
	byName := map[string]Port{}
	for _, p := range have {
		byName[p.Name] = p
	}
	keep := map[string]bool{} // by name
	var missing []end
	for _, w := range want {
		for _, e := range w.ends(integration) {
			p, there := byName[e.name]
			switch {
			case there && e.is(p):
				keep[e.name] = true
			case there && !ours(integration, p):
				problems = append(problems, fmt.Sprintf("localnet port %s: somebody else has a port %s", w.Port, e.name))
			default:
				missing = append(missing, e)
			}
		}
	}
	for _, p := range have {
		if ours(integration, p) && !keep[p.Name] {
			txn.DeletePort(p.Bridge, p.UUID)
		}
	}
	for _, e := range missing {
		txn.AddPort(e.bridge, vswitch.PortSpec{
			Name: e.name, Type: "patch", Options: map[string]string{"peer": e.peer}, ExternalIDs: map[string]string{Mark: e.mark},
		})
	}
	return problems
}

// Names are those of the ports of a localnet port: on the integration bridge, and on
// the other.
func (w Want) Names(integration Bridge) [2]string {
	e := w.ends(integration)
	return [2]string{e[0].name, e[1].name}
}
