using Microsoft.Extensions.Options;

namespace AltruistManager.Client;

/// <summary>How a portal reads picks and uses them.</summary>
public sealed class AltruistManagerOptions
{
    /// <summary>Addresses of managers without <c>/api</c>, such as <c>https://altruists.example</c>: clones of one another, tried in this order. At least one.</summary>
    public IList<Uri> Managers { get; } = [];

    /// <summary>The portal's key (<c>am_…</c>). It is sent to <see cref="Managers"/> only.</summary>
    public string? Key { get; set; }

    /// <summary>Where the portal is; null means the managers' default region.</summary>
    public string? Region { get; set; }

    /// <summary>
    /// A file for the last good picks, so that a start needs no manager; null keeps them in memory only. It holds credentials of altruists: it is made readable by its
    /// owner only. One file for one process.
    /// </summary>
    public string? LastGoodFile { get; set; }

    /// <summary>Whether to listen to the managers' stream, which tells changes at once; without it, or where a manager has none, picks are polled.</summary>
    public bool Stream { get; set; } = true;

    /// <summary>How often to ask where there is no stream; null means as often as the manager says (<c>max-age</c>).</summary>
    public TimeSpan? PollInterval { get; set; }

    /// <summary>After how long without a word from any manager the picks in use are called <see cref="ClientState.Stale"/>. They stay in use.</summary>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a start without a last-good file waits for the first picks; then it goes on without any.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one altruist may take for the whole answer while there is another to ask; the last one may use what is left of the budget.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a request may take in all; null means what the manager says of the chain (<c>requestTimeoutMs</c>).</summary>
    public TimeSpan? Budget { get; set; }

    /// <summary>How many altruists are asked for one request at most, 1 to 16.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>The largest answer that is taken from an altruist, in bytes.</summary>
    public int MaxResponseBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>Whether managers are told how altruists served: counts per minute, no content.</summary>
    public bool SendReports { get; set; } = true;

    /// <summary>How much time a report covers, 1 h at most.</summary>
    public TimeSpan ReportInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Everything that is wrong, one sentence each.</summary>
    internal IReadOnlyList<string> FindFaults()
    {
        var faults = new List<string>();
        if (Managers.Count == 0)
            faults.Add($"{nameof(Managers)} must name at least one manager.");
        foreach (var manager in Managers)
        {
            if (!manager.IsAbsoluteUri || manager.Scheme is not ("http" or "https") || manager.UserInfo.Length > 0)
                faults.Add($"{nameof(Managers)} must hold http or https addresses without user name, not '{(manager.IsAbsoluteUri ? manager.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : manager)}'.");
        }

        // Not told: it may be a whole file that was read for the key.
        if (Key is { Length: > 0 } key && key.Any(character => character is <= ' ' or > '~'))
            faults.Add($"{nameof(Key)} must hold letters, digits and signs of ASCII only; it has a blank, a line break or something else in it.");
        foreach (var (name, value) in ((string, TimeSpan?)[])
            [
                (nameof(PollInterval), PollInterval), (nameof(StaleAfter), StaleAfter), (nameof(AttemptTimeout), AttemptTimeout), (nameof(Budget), Budget),
            ])
        {
            if (value is { } given && (given < TimeSpan.FromMilliseconds(10) || given > TimeSpan.FromDays(1)))
                faults.Add($"{name} must be from 10 ms to 1 day, not {given}.");
        }

        if (ReportInterval < TimeSpan.FromMilliseconds(10) || ReportInterval > TimeSpan.FromHours(1))
            faults.Add($"{nameof(ReportInterval)} must be from 10 ms to 1 hour, not {ReportInterval}.");
        if (StartTimeout < TimeSpan.Zero || StartTimeout > TimeSpan.FromDays(1))
            faults.Add($"{nameof(StartTimeout)} must be from 0 to 1 day, not {StartTimeout}.");
        if (Attempts is < 1 or > 16)
            faults.Add($"{nameof(Attempts)} must be from 1 to 16, not {Attempts}.");
        if (MaxResponseBytes < 1024)
            faults.Add($"{nameof(MaxResponseBytes)} must be 1024 or more, not {MaxResponseBytes}.");
        return faults;
    }

    /// <summary>Names every bad value at the start of a host.</summary>
    internal sealed class Validator : IValidateOptions<AltruistManagerOptions>
    {
        public ValidateOptionsResult Validate(string? name, AltruistManagerOptions options) =>
            options.FindFaults() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
