// Command weftctl asks a weft daemon how it is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "weftctl:", status.Convert(err).Message())
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var target string
	var timeout time.Duration
	root := &cobra.Command{
		Use:           "weftctl",
		Short:         "Ask a weft daemon how it is",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&target, "target", "unix:/run/weft/northd.sock",
		"admin socket of northd or chassisd: unix:PATH or HOST:PORT")
	root.PersistentFlags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to wait for the answer")

	call := func(f func(ctx context.Context, cmd *cobra.Command, c *client) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			conn, err := admin.Dial(target)
			if err != nil {
				return err
			}
			defer conn.Close()
			return f(ctx, cmd, &client{proto.NewAdminClient(conn), grpc_health_v1.NewHealthClient(conn)})
		}
	}

	var asJSON bool
	statusCmd := &cobra.Command{
		Use:   "status",
		Short: "Print every part of the daemon with its state, and the rows that it could not do",
		Long: "Print every part of the daemon with its state and the reason for it, then the rows\n" +
			"that are left out and why. The exit status is 0 if all is well, 3 if not.",
		Args: cobra.NoArgs,
		RunE: call(func(ctx context.Context, cmd *cobra.Command, c *client) error {
			r, err := c.admin.Status(ctx, &proto.StatusRequest{})
			if err != nil {
				return err
			}
			if asJSON {
				b, err := protojson.MarshalOptions{Multiline: true, UseProtoNames: true}.Marshal(r)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), string(b))
			} else {
				printStatus(cmd.OutOrStdout(), r)
			}
			if r.State != proto.State_STATE_OK || len(r.Problems) > 0 {
				os.Exit(3)
			}
			return nil
		}),
	}
	statusCmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")

	health := &cobra.Command{
		Use:   "health",
		Short: "Succeed if the daemon serves",
		Args:  cobra.NoArgs,
		RunE: call(func(ctx context.Context, cmd *cobra.Command, c *client) error {
			r, err := c.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), strings.ToLower(r.Status.String()))
			if r.Status != grpc_health_v1.HealthCheckResponse_SERVING {
				return errors.New("the daemon is not serving; see `weftctl status`")
			}
			return nil
		}),
	}
	root.AddCommand(statusCmd, health)
	return root
}

type client struct {
	admin  proto.AdminClient
	health grpc_health_v1.HealthClient
}

func printStatus(w io.Writer, r *proto.StatusResponse) {
	fmt.Fprintf(w, "%s %s (%s): %s\n", r.Daemon, r.Name, r.Version, word(r.State))
	for _, p := range r.Parts {
		fmt.Fprintf(w, "  %-10s %-9s", p.Name, word(p.State))
		for _, v := range p.Values {
			fmt.Fprintf(w, " %s=%s", v.Name, v.Value)
		}
		fmt.Fprintln(w)
		if p.Reason != "" {
			fmt.Fprintf(w, "             because %s\n", p.Reason)
		}
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(w, "rows with problems: %d\n", len(r.Problems))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %s %s", p.Table, p.Uuid)
		if p.Name != "" {
			fmt.Fprintf(w, " (%s)", p.Name)
		}
		if p.Column != "" {
			fmt.Fprintf(w, " column %s", p.Column)
		}
		fmt.Fprintf(w, ": %s\n", p.Reason)
	}
	if len(r.Unread) > 0 {
		fmt.Fprintf(w, "stored, but without effect: %d\n", len(r.Unread))
	}
	for _, u := range r.Unread {
		fmt.Fprintf(w, "  %s", u.Table)
		for _, part := range []string{u.Column, u.Key} {
			if part != "" {
				fmt.Fprintf(w, " %s", part)
			}
		}
		fmt.Fprintf(w, ", rows: %d: %s\n", u.Rows, u.Reason)
	}
}

func word(s proto.State) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "STATE_"))
}
