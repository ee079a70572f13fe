package trace

import (
	"cmp"
	"strings"
)

// names gives things the names that users know them by.
type names struct {
	net      *Network
	friendly bool
}

func (n *names) datapath(d *Datapath) string {
	if n.friendly {
		return cmp.Or(d.Name2, d.Name, d.NBUUID, d.UUID)
	}
	return cmp.Or(d.NBUUID, d.UUID, d.Name)
}

func (n *names) port(name string) string {
	if p := n.net.ports[name]; n.friendly && p != nil && p.Friendly != "" {
		return p.Friendly
	}
	return name
}

// inText replaces quoted port names in a match or an action.
func (n *names) inText(s string) string {
	if !n.friendly || !strings.Contains(s, `"`) {
		return s
	}
	parts := strings.Split(s, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = n.port(parts[i])
	}
	return strings.Join(parts, `"`)
}
