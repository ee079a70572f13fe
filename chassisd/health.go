package chassisd

import (
	"context"
	"time"

	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
)

// health keeps the health service: the agent serves once its flows were in the
// switch, and for as long as nothing has failed that is its own doing. That
// etcd is away is not: the agent goes on with what it has.
func (a *Agent) health(ctx context.Context, s *admin.Server) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		serving := false
		if err := a.do(ctx, func() { serving = a.phase == running && a.healthy() }); err != nil {
			return err
		}
		s.SetServing(serving)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (a *Agent) healthy() bool {
	for _, p := range []*proto.Part{a.configPart(), a.tablesPart(), a.switchPart()} {
		if p.State == proto.State_STATE_FAILED {
			return false
		}
	}
	return true
}
