package chassisd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Serve answers the admin API at target until ctx ends.
func (a *Agent) Serve(ctx context.Context, target string) error {
	s, err := admin.Listen(target, &adminServer{a: a})
	if err != nil {
		return err
	}
	s.SetServing(false)
	a.health.Store(&health{server: s})
	a.start(ctx, "admin", s.Serve)
	return nil
}

// adminServer is the admin API; every answer is made in the agent's goroutine.
type adminServer struct {
	proto.UnimplementedAdminServer
	a *Agent
}

// Status implements proto.AdminServer.
func (s *adminServer) Status(ctx context.Context, _ *proto.StatusRequest) (*proto.StatusResponse, error) {
	var res *proto.StatusResponse
	if err := s.a.do(ctx, func() { res = s.a.status() }); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	return res, nil
}

// part is one part of the status.
func part(name, reason string, state proto.State, values ...string) *proto.Part {
	p := &proto.Part{Name: name, State: state}
	if state != proto.State_STATE_OK {
		p.Reason = reason
	}
	for i := 0; i+1 < len(values); i += 2 {
		p.Values = append(p.Values, &proto.Value{Name: values[i], Value: values[i+1]})
	}
	return p
}

func okOr(ok bool, otherwise proto.State) proto.State {
	if ok {
		return proto.State_STATE_OK
	}
	return otherwise
}

func (a *Agent) status() *proto.StatusResponse {
	res := &proto.StatusResponse{
		Daemon: "chassisd", Name: a.conf.Name, Version: a.cfg.Version,
		Parts: []*proto.Part{a.configPart(), a.vswitchPart(), a.etcdPart(), a.switchPart(), a.tablesPart(), a.groupBitsPart(), a.portsPart()},
	}
	for _, p := range res.Parts {
		res.State = max(res.State, p.State)
	}
	for _, p := range a.problems() {
		res.Problems = append(res.Problems, &proto.Problem{Reason: p})
	}
	if len(res.Problems) > 0 {
		res.State = max(res.State, proto.State_STATE_DEGRADED)
	}
	return res
}

// configured tells whether the agent knows what it must.
func (a *Agent) configured() bool { return a.conf.Name != "" && len(a.conf.Encaps) > 0 }

func (a *Agent) configPart() *proto.Part {
	var encaps, reasons []string
	for _, e := range a.conf.Encaps {
		encaps = append(encaps, e.Type+" "+e.IP.String())
	}
	for _, p := range a.probs {
		reasons = append(reasons, p.String())
	}
	state := okOr(len(a.probs) == 0, proto.State_STATE_DEGRADED)
	if !a.configured() {
		state = proto.State_STATE_FAILED
		if len(reasons) == 0 {
			reasons = append(reasons, "not read yet")
		}
	}
	return part("config", strings.Join(reasons, "; "), state,
		"hostname", a.conf.Hostname, "bridge", a.conf.Bridge, "remote", a.conf.Remote, "encaps", strings.Join(encaps, ", "))
}

func (a *Agent) vswitchPart() *proto.Part {
	state, reason := proto.State_STATE_OK, ""
	switch broken := a.loc.brokenTunnels(); {
	case a.ovs.failed != "":
		state, reason = proto.State_STATE_FAILED, a.ovs.failed
	case !a.loc.connected:
		state, reason = proto.State_STATE_FAILED, fmt.Sprint(a.loc.err)
	case len(broken) > 0:
		state, reason = proto.State_STATE_DEGRADED, fmt.Sprintf("%d tunnels do not work, the first: %s", len(broken), broken[0])
	}
	return part("vswitch", reason, state,
		"database", a.cfg.OVS, "interfaces", strconv.Itoa(len(a.loc.portOf)), "tunnels", strconv.Itoa(a.t.Tunnels.Len()))
}

func (a *Agent) etcdPart() *proto.Part {
	if a.link == nil {
		return part("etcd", "not known where it is", proto.State_STATE_FAILED)
	}
	v := a.link.view.State()
	state, reason := proto.State_STATE_OK, ""
	switch {
	case !v.Connected:
		state, reason = proto.State_STATE_FAILED, fmt.Sprint(v.Err)
	case a.records.written.Err != nil:
		state, reason = proto.State_STATE_FAILED, a.records.written.Err.Error()
	case v.Held:
		state, reason = proto.State_STATE_DEGRADED, "northd is writing a large change; waiting for the rest of it"
	case !a.records.whole:
		state, reason = proto.State_STATE_DEGRADED, "the chassis is not registered yet"
	}
	return part("etcd", reason, state,
		"endpoints", strings.Join(a.link.endpoints, ","), "revision", strconv.FormatInt(v.Revision, 10),
		"rereads", strconv.Itoa(v.Rereads), "claimed", strconv.FormatInt(a.records.claimed, 10))
}

func (a *Agent) switchPart() *proto.Part {
	if a.of == nil {
		return part("switch", "the bridge is not known yet", proto.State_STATE_FAILED)
	}
	s := a.of.Status()
	state, reason := proto.State_STATE_OK, ""
	switch {
	case !s.Connected:
		state, reason = proto.State_STATE_FAILED, s.LastError
	case !s.Packets:
		state, reason = proto.State_STATE_DEGRADED, "the switch does not send packets to the agent yet"
	case len(s.Refused) > 0:
		r := &s.Refused[0]
		state, reason = proto.State_STATE_DEGRADED, fmt.Sprintf("%d refused, the first: %s", len(s.Refused), r)
	case a.phase != running:
		state, reason = proto.State_STATE_DEGRADED, "the flows are not in yet"
	case s.Contested > 0:
		state, reason = proto.State_STATE_DEGRADED, fmt.Sprintf("%d contested, the first: %s", s.Contested, s.Contests[0])
	}
	return part("switch", reason, state,
		"desired", strconv.Itoa(s.Desired), "installed", strconv.Itoa(s.Installed),
		"applied", strconv.FormatInt(a.updates.done.nbRev, 10), "nb_cfg", strconv.FormatInt(a.updates.done.nbCfg, 10),
		"connects", strconv.FormatUint(s.Connects, 10), "adds", strconv.FormatUint(s.FlowAdds, 10),
		"deletes", strconv.FormatUint(s.FlowDeletes, 10), "drift", strconv.FormatUint(s.Drift.Total(), 10),
		"changes", strconv.Itoa(a.updates.changes.n), "computed", a.updates.changes.computed.Round(time.Microsecond).String(), "took", a.updates.changes.took.Round(time.Microsecond).String(),
		"packet_ins", strconv.FormatUint(s.PacketIns, 10))
}

func (a *Agent) tablesPart() *proto.Part {
	reason := ""
	errs := a.t.Engine.Errors()
	if len(errs) > 0 {
		reason = errs[0].Error()
	}
	state := okOr(len(errs) == 0, proto.State_STATE_DEGRADED)
	if a.checkErr != nil {
		state, reason = proto.State_STATE_FAILED, a.checkErr.Error()
	}
	return part("tables", reason, state,
		"datapaths", strconv.Itoa(a.t.Datapaths.Len()), "needed", strconv.Itoa(a.t.Needed.Len()),
		"local", strconv.Itoa(a.t.Local.Len()), "followed", a.interest.String(), "phase", a.phase.String(), "units", strconv.Itoa(a.t.Units.Len()+a.t.SharedUnits.Len()),
		"chassis", strconv.Itoa(a.t.Chassis.Len()))
}

func (a *Agent) portsPart() *proto.Part {
	return part("ports", "", proto.State_STATE_OK, "asked", strconv.Itoa(a.t.Asked.Len()),
		"bound", strconv.Itoa(len(a.ports.bound)), "installed", strconv.Itoa(a.ports.installed()))
}

// groupBitsPart lists the groups that have bits.
func (a *Agent) groupBitsPart() *proto.Part {
	values := append([]string{"local", strconv.Itoa(a.t.GroupUse.Len())}, a.groups.values()...)
	return part("groups", "", proto.State_STATE_OK, append(values, a.portGroups.values()...)...)
}

// logicalFlow is a flow with where it is from.
type logicalFlow struct {
	datapath *sb.DatapathBinding
	path     tables.Path
	flow     sb.Flow
}

// ListFlows implements proto.AdminServer: the logical flows of the datapaths
// that have ports here.
func (s *adminServer) ListFlows(req *proto.ListFlowsRequest, stream grpc.ServerStreamingServer[proto.LogicalFlow]) error {
	var flows []logicalFlow
	var err error
	if e := s.a.do(stream.Context(), func() { flows, err = s.a.logicalFlows(req) }); e != nil {
		return status.FromContextError(e).Err()
	}
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	for _, f := range flows {
		if err := stream.Send(f.proto()); err != nil {
			return err
		}
	}
	return nil
}

var errNoDatapath = errors.New("no datapath of that name or UUID has ports here")

func (a *Agent) logicalFlows(req *proto.ListFlowsRequest) ([]logicalFlow, error) {
	local := map[schema.UUID]*sb.DatapathBinding{}
	for id := range a.t.Local.All() {
		if dp, ok := a.t.Datapaths.Get(id); ok && isDatapath(dp, req.Datapath) {
			local[id] = dp
		}
	}
	if len(local) == 0 && req.Datapath != "" {
		return nil, errNoDatapath
	}
	var out []logicalFlow
	add := func(dp *sb.DatapathBinding, p tables.Path) {
		chunk, _ := a.t.Chunks.Get(p)
		flows, err := sb.DecodeFlows([]byte(chunk))
		if dp == nil || err != nil {
			return
		}
		for _, f := range flows {
			if a.wanted(req, dp, &f) {
				out = append(out, logicalFlow{dp, p, f})
			}
		}
	}
	for p := range a.t.Units.All() {
		add(local[p.Owner], p)
	}
	for u := range a.t.SharedUnits.All() {
		for _, dp := range a.t.DatapathsOf(u) {
			add(local[dp], u.Path)
		}
	}
	slices.SortStableFunc(out, compareFlows)
	return out, nil
}

func isDatapath(dp *sb.DatapathBinding, want string) bool {
	return want == "" || dp.ExternalIDs["name"] == want ||
		len(want) >= 4 && strings.HasPrefix(dp.UUID.String(), strings.ToLower(want))
}

// wanted tells whether a flow is of the stage and the port asked for.
func (a *Agent) wanted(req *proto.ListFlowsRequest, dp *sb.DatapathBinding, f *sb.Flow) bool {
	if req.Stage != "" && f.Stage != req.Stage {
		return false
	}
	if req.Port == "" {
		return true
	}
	quoted := strconv.Quote(req.Port)
	if strings.Contains(f.Match, quoted) || strings.Contains(f.Actions, quoted) {
		return true
	}
	p, ok := a.t.Ports.Get(f.Hint)
	return ok && p.Name == req.Port && p.Datapath == dp.UUID
}

func compareFlows(a, b logicalFlow) int {
	return slices.Compare(a.order(), b.order())
}

// order is what `ovn-sbctl lflow-list` sorts by.
func (f logicalFlow) order() []string {
	return []string{
		f.datapath.ExternalIDs["name"], f.datapath.UUID.String(), fmt.Sprint(f.flow.Pipeline),
		fmt.Sprintf("%03d", f.flow.Table), fmt.Sprintf("%05d", 0xffff-int(f.flow.Priority)), f.flow.Match, f.flow.Actions,
	}
}

func (f logicalFlow) proto() *proto.LogicalFlow {
	pipeline := "ingress"
	if f.flow.Pipeline == sb.Egress {
		pipeline = "egress"
	}
	p := &proto.LogicalFlow{
		DatapathName: f.datapath.ExternalIDs["name"], DatapathUuid: f.datapath.UUID.String(), Pipeline: pipeline,
		Table: uint32(f.flow.Table), Stage: f.flow.Stage, Priority: uint32(f.flow.Priority),
		Match: f.flow.Match, Actions: f.flow.Actions, Source: f.flow.Source, Uuid: f.flow.UUID(f.path.String()).String(),
		ControllerMeter: f.flow.ControllerMeter,
	}
	if !f.flow.Hint.IsZero() {
		p.Hint = f.flow.Hint.String()
	}
	return p
}
