package serve

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// formPause is how often a northd that is too old looks whether it still is.
const formPause = time.Second

// awaitForm waits while the databases are stored in a form that only a later
// build knows: this one does not stand for leader meanwhile, and says why. What
// cannot be asked now is asked again when the databases are opened.
func (s *Server) awaitForm(ctx context.Context, c *clientv3.Client) error {
	var told string
	for {
		err := checkForms(ctx, c)
		switch {
		case !errors.Is(err, schema.ErrForm):
			if err == nil && told != "" {
				s.board.ok("form")
				s.log.Info("the databases are stored in a form that this build knows")
			}
			return nil
		case err.Error() != told:
			told = err.Error()
			s.board.fail("form", err)
			s.log.Error("not serving", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(formPause):
		}
	}
}

func checkForms(ctx context.Context, c *clientv3.Client) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	for _, prefix := range []string{nbPrefix, sb.Prefix} {
		if _, err := store.CheckForm(ctx, c, prefix); err != nil {
			return err
		}
	}
	return nil
}

// carryForward brings both databases into the form of this build.
func (s *Server) carryForward(ctx context.Context, northbound, southbound *store.DB) error {
	for _, db := range []*store.DB{northbound, southbound} {
		if err := db.CarryForward(ctx, s.cfg.Version); err != nil {
			return err
		}
	}
	return nil
}
