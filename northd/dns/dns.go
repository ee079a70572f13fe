package dns

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	name  = "dns"
	table = "DNS"
)

// class is what switches with names have in common.
type class struct {
	Meter string // of control-plane protection
}

// New declares DNS; copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) {
	rows := graph.Read[*nb.DNS](g, "records")
	owned := graph.Bool[*nb.DNS](g, "options", "ovn-owned", false,
		"queries of any type for the names are answered, those for what is not in the row with nothing; else only for addresses and, of what is in it, for names of addresses")
	switches := graph.Read[*nb.LogicalSwitch](g, "dns_records")
	bySwitch := incr.NewIndex(switches, "DNS", func(_ schema.UUID, row *nb.LogicalSwitch) []schema.UUID { return row.DNSRecords })
	graph.Rows(g, table, incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (*sb.DNS, bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil, false
		}
		var at []schema.UUID
		for _, sw := range incr.Lookup(r, bySwitch, id) {
			if incr.Has(r, m.Switches, sw) {
				at = append(at, sw)
			}
		}
		out := &sb.DNS{Header: schema.Header{UUID: id}, Records: row.Records, Datapaths: at, Options: map[string]string{}, ExternalIDs: map[string]string{"dns_id": id.String()}}
		if owned.Of(row.Options) {
			out.Options["ovn-owned"] = "true"
		}
		return out, len(at) > 0
	})
	graph.ProblemTable(g, "problems of DNS", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil
		}
		p := graph.RowProblems{Table: table, Row: id}
		owned.Read(row.Options, &p)
		check(row.Records, &p)
		return p.List
	})
	classes := graph.Table(g, "switch with names", incr.Keys(m.Switches), func(r *incr.Reader, id schema.UUID) (class, bool) {
		row, ok := incr.Get(r, switches, id)
		return class{copp.Of(r, id, "dns")}, ok && len(row.DNSRecords) > 0
	})
	m.AllSwitches.Write(name, func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Pass(pipeline.LSInDNSLookup, pipeline.LSInDNSResponse)
	})
	graph.NewClass(g, "switches with names", classes).Write(name, answer)
}

// check tells which values hold what is neither an address nor, of a name of an address, a
// name.
func check(records map[string]string, p *graph.RowProblems) {
	var bad []string
	for key, value := range records {
		if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(key, ".")), ".arpa") {
			if len(strings.Fields(value)) != 1 {
				bad = append(bad, key)
			}
			continue
		}
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' }) {
			if ip, err := netip.ParseAddr(word); err != nil || ip.Zone() != "" {
				bad = append(bad, key)
				break
			}
		}
	}
	slices.Sort(bad)
	const most = 10 // are told one by one
	for i, key := range bad {
		if i == most {
			p.Problem("records", strconv.Itoa(len(bad)-most)+" more are no addresses")
			break
		}
		p.Problem("records", strconv.Quote(key)+": "+strconv.Quote(records[key])+" is not addresses, or of a name of an address a name")
	}
}

// answer writes OVN's flows, but that ACLs let only what an agent answers come to who has
// asked: from others they may keep answers away.
func answer(_ *incr.Reader, f *graph.Flows, c class) {
	src, dst := lflow.F("udp.src"), lflow.F("udp.dst")
	query := lflow.Eq(dst, 53)
	f.Meter = c.Meter
	f.Add(pipeline.LSInDNSLookup, 100, query, lflow.DNSLookup{Dst: pipeline.LField(pipeline.DNSAnswered)}, lflow.Next{})
	f.Meter = ""
	for _, fam := range model.Families() {
		f.Add(pipeline.LSInDNSResponse, 100, lflow.And(lflow.Bool(fam.Is), query, pipeline.Is(pipeline.DNSAnswered)), append([]lflow.Action{
			lflow.Exchange{A: lflow.EthDst, B: lflow.EthSrc},
			lflow.Exchange{A: fam.Src, B: fam.Dst},
			lflow.Move{Dst: dst, Src: src},
			lflow.SetTo(src, 53),
		}, model.SendBack()...)...)
	}
	f.Add(pipeline.LSOutACLEval, 34000, lflow.And(lflow.Eq(src, 53), pipeline.Is(pipeline.Loopback)), pipeline.Set(pipeline.VerdictAllow), lflow.Next{})
}
