using System.Net.Http.Headers;
using System.Text;
using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>Shows an endpoint's credentials with each request to that endpoint, and to no other: the only place where they are put on a request.</summary>
/// <param name="altruist">With the endpoint.</param>
internal sealed class CredentialHandler(Altruist altruist, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly EndpointAuth auth = altruist.Auth;
    private readonly HashSet<string> places = [.. PlacesOf(altruist).Split(' ')];

    /// <summary>Where the credentials may go, in one order.</summary>
    public static string PlacesOf(Altruist altruist) =>
        string.Join(' ', altruist.Urls.Values.Append(altruist.Url).Select(url => Place(new Uri(url))).Distinct().Order(StringComparer.Ordinal));

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!places.Contains(Place(request.RequestUri!)))
            throw new InvalidOperationException($"The credentials of altruist {altruist.Id} are for its own endpoint only.");

        switch (auth.Kind)
        {
            case AuthKind.Basic:
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{auth.Name}:{auth.Secret}")));
                break;
            case AuthKind.Bearer:
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", auth.Secret);
                break;
            case AuthKind.Header:
                request.Headers.Remove(auth.Name);
                request.Headers.TryAddWithoutValidation(auth.Name, auth.Secret);
                break;
            case AuthKind.Query:
                var url = request.RequestUri!.AbsoluteUri;
                request.RequestUri = new Uri($"{url}{(url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Uri.EscapeDataString(auth.Name)}={Uri.EscapeDataString(auth.Secret)}");
                break;
            default:
                break;
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static string Place(Uri url) => url.GetLeftPart(UriPartial.Authority);
}
