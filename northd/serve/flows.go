package serve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// ListFlows implements proto.AdminServer: it streams the logical flows as
// they stand in the Southbound database.
func (s *Server) ListFlows(req *proto.ListFlowsRequest, stream grpc.ServerStreamingServer[proto.LogicalFlow]) error {
	var snap *store.Snapshot
	for _, d := range s.databases() {
		if d.name == "southbound" {
			snap = d.db.Snapshot()
		}
	}
	if snap == nil {
		return status.Error(codes.Unavailable, "this northd has not read the databases yet")
	}
	datapaths := selectDatapaths(snap, req.Datapath)
	if len(datapaths) == 0 && req.Datapath != "" {
		return status.Errorf(codes.NotFound, "no switch or router %q", req.Datapath)
	}
	hint, err := portHint(snap, req.Port)
	if err != nil {
		return err
	}
	groups, owned := groupsOf(snap), newOwnedFlows(snap)
	for _, dp := range datapaths {
		flows, err := owned.datapath(dp.UUID, groups[dp.UUID])
		if err != nil {
			return status.Error(codes.DataLoss, err.Error())
		}
		for _, f := range flows {
			if req.Stage != "" && f.Stage != req.Stage || req.Port != "" && !aboutPort(&f.Flow, req.Port, hint) {
				continue
			}
			if err := stream.Send(message(dp, f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// selectDatapaths returns the datapaths that text names, by name and UUID.
func selectDatapaths(snap *store.Snapshot, text string) []*sb.DatapathBinding {
	var out []*sb.DatapathBinding
	for row := range snap.Rows("Datapath_Binding") {
		dp := row.(*sb.DatapathBinding)
		if text == "" || dp.ExternalIDs["name"] == text ||
			len(text) >= 4 && strings.HasPrefix(dp.UUID.String(), text) {
			out = append(out, dp)
		}
	}
	slices.SortFunc(out, func(a, b *sb.DatapathBinding) int {
		if c := strings.Compare(a.ExternalIDs["name"], b.ExternalIDs["name"]); c != 0 {
			return c
		}
		return a.UUID.Compare(b.UUID)
	})
	return out
}

// portHint is the UUID that flows of a port have as their hint.
func portHint(snap *store.Snapshot, name string) (schema.UUID, error) {
	if name == "" {
		return schema.UUID{}, nil
	}
	for row := range snap.Rows("Port_Binding") {
		if row.(*sb.PortBinding).LogicalPort == name {
			return row.RowUUID(), nil
		}
	}
	return schema.UUID{}, status.Errorf(codes.NotFound, "no logical port %q", name)
}

// aboutPort tells whether a flow names the port or is there because of it.
func aboutPort(f *sb.Flow, port string, hint schema.UUID) bool {
	quoted := strings.TrimPrefix(lflow.Eq(lflow.Inport, port).String(), "inport == ")
	return f.Hint == hint || strings.Contains(f.Match, quoted) || strings.Contains(f.Actions, quoted)
}

// groupsOf lists the groups that each datapath is in.
func groupsOf(snap *store.Snapshot) map[schema.UUID][]schema.UUID {
	of := map[schema.UUID][]schema.UUID{}
	for row := range snap.Rows("Logical_DP_Group") {
		for _, dp := range row.(*sb.LogicalDPGroup).Datapaths {
			of[dp] = append(of[dp], row.RowUUID())
		}
	}
	return of
}

// placed is a flow with its UUID in table Logical_Flow.
type placed struct {
	sb.Flow
	uuid schema.UUID
}

// ownedFlows are the chunks of a snapshot by their owner, a datapath or a group.
// What a group owns is read once for all datapaths in it.
type ownedFlows struct {
	chunks map[schema.UUID][]chunk
	groups map[schema.UUID][]placed
}

type chunk struct {
	path string
	data []byte
}

func newOwnedFlows(snap *store.Snapshot) *ownedFlows {
	o := &ownedFlows{map[schema.UUID][]chunk{}, map[schema.UUID][]placed{}}
	for path, data := range snap.Blobs(sb.FlowsPath) {
		owner, place, _ := strings.Cut(strings.TrimPrefix(path, sb.FlowsPath), "/")
		id, err := schema.ParseUUID(owner)
		if err != nil {
			continue
		}
		// A damaged one is in the log, by store.Config.Virtual.
		_ = sb.EachUnit(place, data, func(name string, data []byte) {
			o.chunks[id] = append(o.chunks[id], chunk{sb.FlowPath(id, name), sb.AppendPacked(nil, data)})
		})
	}
	return o
}

// of returns the flows of one owner.
func (o *ownedFlows) of(id schema.UUID) (flows []placed, err error) {
	for _, c := range o.chunks[id] {
		more, err := sb.DecodeFlows(c.data)
		if err != nil {
			return nil, fmt.Errorf("serve: flows of %q: %w", c.path, err)
		}
		for i := range more {
			flows = append(flows, placed{more[i], more[i].UUID(c.path)})
		}
	}
	return flows, nil
}

// datapath returns the datapath's own flows and those of its groups, in the
// order of a pipeline.
func (o *ownedFlows) datapath(id schema.UUID, groups []schema.UUID) ([]placed, error) {
	flows, err := o.of(id)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		shared, known := o.groups[g]
		if !known {
			if shared, err = o.of(g); err != nil {
				return nil, err
			}
			o.groups[g] = shared
		}
		flows = append(flows, shared...)
	}
	slices.SortFunc(flows, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.Table, b.Table),
			cmp.Compare(b.Priority, a.Priority), strings.Compare(a.Match, b.Match), strings.Compare(a.Actions, b.Actions))
	})
	return flows, nil
}

func message(dp *sb.DatapathBinding, f placed) *proto.LogicalFlow {
	m := &proto.LogicalFlow{
		DatapathName: dp.ExternalIDs["name"], DatapathUuid: dp.UUID.String(),
		Pipeline: pipelineName(f.Pipeline), Table: uint32(f.Table), Stage: f.Stage, Priority: uint32(f.Priority),
		Match: f.Match, Actions: f.Actions, Source: f.Source, ControllerMeter: f.ControllerMeter,
		Uuid: f.uuid.String(),
	}
	if !f.Hint.IsZero() {
		m.Hint = f.Hint.String()
	}
	return m
}
