package bindings

import (
	"maps"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// standInType is the Port_Binding.type of a port that stands for another one
// of its datapath on one chassis.
const standInType = "chassisredirect"

// redirectRow is a chassisredirect port's row in Port_Binding.
func (ft *feature) redirectRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, ft.m.Redirects, id)
	if !ok {
		return nil, false
	}
	key, keyed := incr.Get(r, ft.m.PortKeys.Of, id)
	gateway, there := incr.Get(r, ft.lrp, p.Gateway)
	if !keyed || !there {
		return nil, false
	}
	row := &sb.PortBinding{
		Header:         schema.Header{UUID: id},
		LogicalPort:    p.Name,
		Type:           standInType,
		Options:        map[string]string{"distributed-port": p.For},
		Datapath:       p.Datapath,
		TunnelKey:      int64(key),
		HAChassisGroup: &p.Group,
		MAC:            []string{strings.Join(append([]string{gateway.MAC}, gateway.Networks...), " ")},
	}
	if p.Bridged {
		row.Options["redirect-type"] = model.Bridged
		return row, true
	}
	if p.Overlay {
		row.Options["redirect-type"] = model.Overlay
	}
	if !ft.nats.Leaves(r, p.Datapath) && (ft.balance.Leaves == nil || !ft.balance.Leaves(r, p.Datapath)) { // agents then need not know what is behind the port
		row.Options["always-redirect"] = "true"
	}
	return row, true
}

// hosting is the key of Logical_Router_Port.status with the name of the chassis
// that has a gateway port.
const hosting = "hosting-chassis"

// hostingChassis is what is written back to Logical_Router_Port.status.
func (ft *feature) hostingChassis(r *incr.Reader, row *nb.LogicalRouterPort) (map[string]string, bool) {
	id := model.RedirectID(row.UUID)
	claim, _ := incr.Get(r, ft.m.Claims, id)
	if !incr.Has(r, ft.m.Redirects, id) {
		claim.Chassis = ""
	}
	if row.Status[hosting] == claim.Chassis {
		return nil, false
	}
	status := maps.Clone(row.Status)
	if claim.Chassis == "" {
		delete(status, hosting)
		return status, true
	}
	if status == nil {
		status = map[string]string{}
	}
	status[hosting] = claim.Chassis
	return status, true
}
