using AltruistManager.Publishing;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>How far a target is, in words.</summary>
/// <param name="Tone"><c>good</c>, <c>warn</c>, <c>bad</c> or <c>idle</c>.</param>
/// <param name="Means">What that state means, and what follows.</param>
internal sealed record PublisherView(PublisherStatus Status, string Tone, string State, string Means)
{
    public static PublisherView Of(PublisherStatus status, TimeSpan behindAfter, DateTimeOffset now) => status switch
    {
        { State.BehindSince: { } since } when now - since >= behindAfter => new(status, "bad", "behind", $"It lacks something for longer than {Shared.Words.Of(behindAfter)}, which is an alarm. It keeps what it has, and is tried again until it takes the newest."),
        { State.BehindSince: not null } => new(status, "warn", "behind", "It lacks something. It keeps what it has, and is tried again until it takes the newest."),
        { WaitsUntil: not null } => new(status, "idle", "waiting", "It may be changed only so often; it gets the newest when its time has come."),
        { State.Confirmed: null } => new(status, "idle", "unknown", "It was not published to yet: there is no pick for it so far."),
        _ => new(status, "good", "current", "It has confirmed the newest that concerns it."),
    };

    public static string TurnOf(PublisherTurn turn) => turn switch
    {
        PublisherTurn.Ours => "this instance publishes to it",
        PublisherTurn.Another => "another instance publishes to it, and this one takes over should that fall silent",
        _ => "no turns: nobody else publishes to it",
    };
}
