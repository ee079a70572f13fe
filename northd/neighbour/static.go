package neighbour

import (
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// static is a row of Static_MAC_Binding as it is read; row is nil where it cannot
// be followed.
type static struct {
	row      *sb.StaticMACBinding
	problems []graph.Problem
}

// newStatic declares neighbours that somebody has written. Their flows are the
// agents': what is learned goes before them, unless they override it.
func newStatic(g *graph.Graph, m *model.Model) {
	rows := graph.Read[*nb.StaticMACBinding](g, "logical_port", "ip", "mac", "override_dynamic_mac")
	all := graph.Table(g, "static neighbour", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (s static, ok bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return s, false
		}
		e := &graph.RowProblems{Table: "Static_MAC_Binding", Row: id, Name: row.LogicalPort + " " + row.IP}
		s.row = readStatic(r, m, row, e)
		s.problems = e.List
		return s, true
	})
	graph.ProblemsOf(g, all, func(s static) []graph.Problem { return s.problems })
	graph.Rows(g, "Static_MAC_Binding", incr.Keys(all), func(r *incr.Reader, id schema.UUID) (*sb.StaticMACBinding, bool) {
		s, _ := incr.Get(r, all, id)
		return s.row, s.row != nil
	})
}

func readStatic(r *incr.Reader, m *model.Model, row *nb.StaticMACBinding, e *graph.RowProblems) *sb.StaticMACBinding {
	out := &sb.StaticMACBinding{Header: schema.Header{UUID: row.UUID}, LogicalPort: row.LogicalPort, IP: row.IP, MAC: row.MAC, OverrideDynamicMAC: row.OverrideDynamicMAC}
	if ip, err := netip.ParseAddr(row.IP); err != nil || ip.Zone() != "" || ip.IsMulticast() || ip.IsUnspecified() {
		e.Problem("ip", strconv.Quote(row.IP)+" is not the IP address of a host")
	}
	if mac, ok := lflow.ParseMAC(row.MAC); !ok || model.IsMulticast(mac) || mac == (lflow.MAC{}) {
		e.Problem("mac", strconv.Quote(row.MAC)+" is not the Ethernet address of a host")
	}
	port, ok := m.RouterPort(r, row.LogicalPort)
	if !ok {
		e.Problem("logical_port", "there is no router port "+strconv.Quote(row.LogicalPort)+" yet")
	}
	if len(e.List) > 0 {
		return nil
	}
	out.Datapath = port.Router
	return out
}
