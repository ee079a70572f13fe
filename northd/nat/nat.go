package nat

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const name = "nat"

// feature is what the files of this package share.
type feature struct {
	m         *model.Model
	copp      model.CoppMeter
	force     *forced
	balance   model.LoadBalancing
	nats      *incr.Table[schema.UUID, *model.NAT]
	ofRouter  *incr.Index[schema.UUID, *model.NAT, schema.UUID]
	byAddress *incr.Index[schema.UUID, *model.NAT, model.AddressOn]
	byPort    *incr.Index[schema.UUID, *model.NAT, behind]
}

// New declares translation, and returns what others have to know of it. Copp has the
// meters of what is sent to agents; routers that balance load are tracked as those that
// translate.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter, balance model.LoadBalancing) model.NATs {
	ft := &feature{m: m, copp: copp, force: newForced(g), balance: balance, nats: declareNATs(g, m)}
	ft.ofRouter = incr.NewIndex(ft.nats, "router", func(_ schema.UUID, n *model.NAT) []schema.UUID { return []schema.UUID{n.Router} })
	graph.Bool[*nb.NBGlobal](g, "options", "use_common_zone", true,
		"has no other value: a distributed router keeps what it translates in one zone, but between two of its addresses outside")
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInUnsnat, pipeline.LRInDNAT,
			pipeline.LROutChkDNATLocal, pipeline.LROutUndnat, pipeline.LROutPostUndnat, pipeline.LROutSNAT, pipeline.LROutPostSNAT, pipeline.LROutEgrLoop)
	})
	graph.UnitsOf(g, "flows of NAT", ft.nats, func(id schema.UUID, n *model.NAT) graph.Place {
		return graph.Place{Owner: n.Router, Name: "nat-" + id.String(), Table: "NAT", Row: id, RowName: n.External.String()}
	}).Write(name, ft.translate)
	ft.declareAddresses(g)
	ft.declareGatewayRouters(g)
	ft.declareSwitches(g)
	ft.declareCommits(g)
	elsewhere := incr.NewIndex(ft.nats, "router, where a VM is", func(_ schema.UUID, n *model.NAT) []schema.UUID {
		if n.Port == "" {
			return nil
		}
		return []schema.UUID{n.Router}
	})
	return model.NATs{OfRouter: ft.ofRouter, Elsewhere: elsewhere, Offers: []model.Offers{ft.declareOffers(g)}}
}

// isAt is a match of an address, or of a network of them, which may be that of all.
func isAt(field lflow.Field, p netip.Prefix) *lflow.Expr {
	if p.Bits() == 0 {
		return lflow.Bool(model.FamilyOf(p.Addr()).Is)
	}
	if p.IsSingleIP() {
		return lflow.Eq(field, p.Addr())
	}
	return lflow.Eq(field, p)
}
