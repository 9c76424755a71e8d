using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace AltruistManager.Publishing;

/// <summary>One target that picks are published to: an item of the list <c>Publishers</c>. Each kind adds what it needs.</summary>
public abstract partial class PublisherOptions
{
    public const string Section = "Publishers";

    /// <summary>By which staff and its state know it; of a target that keeps its name, the state is kept.</summary>
    [Required]
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="PublisherKinds"/>.</summary>
    [Required]
    public string Kind { get; set; } = "";

    /// <summary>Of which region the target gets the picks.</summary>
    [Required]
    public string Region { get; set; } = "";

    /// <summary>From the id of a chain to what the target calls it. What is not in here is not published.</summary>
    public Dictionary<string, string> Chains { get; set; } = [];

    /// <summary>Where the target is, fit for logs and staff: no secret, no path of a URL.</summary>
    internal abstract string Target { get; }

    /// <summary>Everything that makes it another target, no secret.</summary>
    internal virtual string Identity => string.Join('\n', [Kind, Region, Target, .. Chains.OrderBy(chain => chain.Key, StringComparer.Ordinal).Select(chain => $"{chain.Key}={chain.Value}")]);

    internal abstract IPublisher Create(PublisherTools tools);

    /// <summary>What is wrong besides what attributes say, with the key and words to go on after it.</summary>
    /// <param name="allowHttp">Whether URLs may be plain <c>http</c>.</param>
    public IEnumerable<(string Key, string Error)> FindWrong(bool allowHttp)
    {
        if (Name.Length > 0 && !NameShape().IsMatch(Name))
            yield return (nameof(Name), $"must have up to 64 letters, digits, and . _ -, not '{Name}'");
        foreach (var (chain, target) in Chains.Where(chain => chain.Value.Length == 0))
            yield return ($"{nameof(Chains)}:{chain}", "must say what the target calls the chain");
        foreach (var wrong in FindMore(allowHttp))
            yield return wrong;
    }

    /// <inheritdoc cref="FindWrong"/>
    protected abstract IEnumerable<(string Key, string Error)> FindMore(bool allowHttp);

    /// <summary>For targets that name each chain once.</summary>
    protected IEnumerable<(string Key, string Error)> FindWrongChains()
    {
        if (Chains.Count == 0)
            yield return (nameof(Chains), "must hold at least one chain with what the target calls it");
        foreach (var twice in Chains.Where(chain => chain.Value.Length > 0).GroupBy(chain => chain.Value).Where(group => group.Count() > 1))
            yield return (nameof(Chains), $"must name each target once: {string.Join(" and ", twice.Select(chain => chain.Key).Order(StringComparer.Ordinal))} are all '{twice.Key}'");
    }

    /// <param name="url">Is not repeated: its path may be a secret.</param>
    protected static IEnumerable<(string Key, string Error)> FindWrongUrl(string key, string url, bool allowHttp)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
            yield return (key, "must be an https URL without a user name");
        else if (uri.Scheme == "http" && !allowHttp)
            yield return (key, "must be https; http only with Probing:AllowHttp");
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NameShape();
}
