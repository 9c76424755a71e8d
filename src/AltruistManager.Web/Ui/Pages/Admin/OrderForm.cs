using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Ui.Pages.Admin;

public enum OrderKind
{
    Pin,
    Exclude,
    Hold,
}

/// <summary>A pin, an exclusion or a hold as staff type it in.</summary>
public sealed class OrderForm
{
    /// <summary>In place of hours: at the time that is given.</summary>
    public const int Exactly = 0;

    /// <summary>How long it may last, in hours.</summary>
    public static readonly IReadOnlyList<(int Hours, string Title)> Lives =
        [(1, "an hour"), (4, "4 hours"), (24, "a day"), (24 * 7, "a week"), (24 * 30, "30 days"), (Exactly, "until a time …")];

    public OrderKind Kind { get; set; }

    /// <summary>Of an exclusion: everything of a provider.</summary>
    public bool IsOfProvider { get; set; }

    public string Altruist { get; set; } = "";

    public string Provider { get; set; } = "";

    /// <summary>Empty for all.</summary>
    public string Chain { get; set; } = "";

    /// <inheritdoc cref="Chain"/>
    public string Region { get; set; } = "";

    public string Reason { get; set; } = "";

    public string Note { get; set; } = "";

    public int Hours { get; set; } = 4;

    /// <summary>On the clock of who typed it.</summary>
    public DateTime? Until { get; set; }

    public bool Force { get; set; }

    public bool Revoke { get; set; }

    /// <param name="zone">Of who typed it.</param>
    public OverrideDraft ToDraft(DateTimeOffset now, ReaderZone zone, FieldErrors errors)
    {
        var ends = EndsAt("expiresAt", now, zone, errors);
        if (Kind is OrderKind.Exclude && IsOfProvider && Provider.Length == 0)
            errors.Add("provider", "is needed");
        return new OverrideDraft
        {
            Kind = Kind is OrderKind.Pin ? OverrideKind.Pin : OverrideKind.Exclude,
            Altruist = Kind is OrderKind.Exclude && IsOfProvider ? null : Given(Altruist),
            Provider = Kind is OrderKind.Exclude && IsOfProvider ? Given(Provider) : null,
            Chain = Given(Chain),
            Region = Given(Region),
            Reason = Given(Reason),
            Note = Given(Note),
            ExpiresAt = ends,
            Force = Kind is OrderKind.Pin && Force,
            Revoke = Kind is OrderKind.Exclude && Revoke,
        };
    }

    /// <inheritdoc cref="ToDraft"/>
    public HoldDraft ToHoldDraft(DateTimeOffset now, ReaderZone zone, FieldErrors errors)
    {
        var ends = EndsAt("until", now, zone, errors);
        return new HoldDraft { Chain = Given(Chain), Region = Given(Region), Reason = Given(Reason), Until = ends };
    }

    private DateTimeOffset? EndsAt(string field, DateTimeOffset now, ReaderZone zone, FieldErrors errors)
    {
        if (Hours != Exactly)
            return now.AddHours(Hours);
        if (Until is { } until)
            return zone.Read(until);
        errors.Add(field, "is required");
        return null;
    }

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;
}
